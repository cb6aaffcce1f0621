import type { Json, JsonObject, ModelMessage } from '@waystone/core'
import { objectOf } from './json-access.ts'

type AssistantMessage = Extract<ModelMessage, { role: 'assistant' }>

/** Marks items of a provider with where they may be given back to. @returns empty when there is nothing to keep */
export function markItems(origin: string, items: readonly JsonObject[]): readonly Json[] {
  return items.length === 0 ? [] : [{ origin }, ...items]
}

/** The items of a message that came from this very place; empty when they came from elsewhere, or there are none. */
export function itemsFrom(origin: string, { providerItems }: AssistantMessage): readonly JsonObject[] {
  const [mark, ...items] = providerItems ?? []
  return objectOf(mark)['origin'] === origin ? (items as readonly JsonObject[]) : []
}

/** A model's name without the date of its snapshot: its snapshots understand each other's items, other models do not. */
export function familyOf(model: string): string {
  return model.replace(/-\d{4}-\d{2}-\d{2}$/, '')
}
