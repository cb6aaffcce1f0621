export { releaseNotes } from '../../../examples/release-notes/workflow.ts'
