/** The words of the pages in Chinese and English; Chinese is the first language. */
import { ref, watchEffect } from 'vue'
import { en } from './en'
import { zh } from './zh'

export type Key = keyof typeof zh
export type Messages = Record<Key, string>
export type Language = 'zh-CN' | 'en'

const REMEMBERED = 'gridpatrol.language'
const words: Record<Language, Messages> = { 'zh-CN': zh, en }

function remembered(): Language {
  return globalThis.localStorage?.getItem(REMEMBERED) === 'en' ? 'en' : 'zh-CN'
}

export const language = ref<Language>(remembered())

export function switchLanguage(): void {
  language.value = language.value === 'en' ? 'zh-CN' : 'en'
  localStorage.setItem(REMEMBERED, language.value)
}

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(words[language.value][key], values)
}

/** The role's name, or its code for a role these pages do not know yet. */
export function roleName(role: string): string {
  const key = `role_${role}`
  return key in zh ? t(key as Key) : role
}

export function nameOf(area: { name: string; name_en?: string | null }): string {
  return (language.value === 'en' && area.name_en) || area.name
}

export function followLanguage(): void {
  watchEffect(() => {
    document.documentElement.lang = language.value
    document.title = t('product')
  })
}
