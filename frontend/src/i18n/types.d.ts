import 'i18next'
import type common from './fr/common.json'
import type creator from './fr/creator.json'
import type fan from './fr/fan.json'
import type moderator from './fr/moderator.json'
import type timeline from './fr/timeline.json'

// French is the type: tsc refuses a key that fr/*.json does not have.
declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'common'
    resources: {
      common: typeof common
      fan: typeof fan
      creator: typeof creator
      moderator: typeof moderator
      timeline: typeof timeline
    }
  }
}
