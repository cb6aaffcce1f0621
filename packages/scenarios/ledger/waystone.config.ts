import { defineConfig } from '@waystone/core'
import { clerk } from './clerk.ts'

export default defineConfig({ offlineModels: { clerk } })
