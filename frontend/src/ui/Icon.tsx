/** Our own icons: 24 px, stroke 1.75. Decorative beside a word; with a `label` when alone. */
import styles from './Icon.module.css'

const PATHS = {
  alert: 'M12 4 3 20h18zM12 10v5M12 17.5v.5',
  archive: 'M4 5h16v4H4zM5 9v10h14V9M10 13h4',
  arrow_down: 'M12 5v14M6 13l6 6 6-6',
  arrow_left: 'M19 12H5M11 6l-6 6 6 6',
  arrow_right: 'M5 12h14M13 6l6 6-6 6',
  arrow_up: 'M12 19V5M6 11l6-6 6 6',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21h4',
  block: 'M5.6 5.6l12.8 12.8M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
  card: 'M3 6h18v12H3zM3 10h18M7 15h3',
  chart: 'M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6',
  check: 'M5 12.5l4.5 4.5L19 7',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2',
  close: 'M6 6l12 12M18 6L6 18',
  coins: 'M18 6.500A7 7 0 1 0 18 17.500M4 10.500h9M4 13.500h8',
  discover: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.500 8.500l-2 5-5 2 2-5z',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM14 7l3 3',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  eye_off: 'M3 3l18 18M10 6c7-2 12 6 12 6l-3 4M6 8c-3 2-4 4-4 4s4 7 10 7l4-1',
  filter: 'M4 6h16M7 12h10M10 18h4',
  flag: 'M5 21V4h12l-2 4 2 4H5',
  gavel: 'M4 20h9M9 9l6 6M7 11l6-6M13 17l6-6M14 4l6 6',
  hand: 'M7 12V6a1.500 1.500 0 0 1 3 0v5M10 10V4.500a1.500 1.500 0 0 1 3 0V11M13 10V6a1.500 1.500 0 0 1 3 0v8c0 4-2 7-5 7s-5-2-7-6l-1-2c1-1 3 0 4 2',
  home: 'M4 11l8-7 8 7v9h-5v-6H9v6H4z',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 4M15.500 9v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8v.1',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l8-8M16 7l3 3',
  keyboard: 'M3 6h18v12H3zM7 10h.1M11 10h.1M15 10h.1M8 14h8',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  menu: 'M4 7h16M4 12h16M4 17h16',
  messages: 'M4 5h16v11l-4 4v-4H4z',
  moon: 'M19 15A8 8 0 0 1 9 5a8 8 0 1 0 10 10z',
  more: 'M6 12h.1M12 12h.1M18 12h.1',
  offline: 'M4 4l16 16M3 9c2-1.500 4-2.500 6-3M12 5c4 0 7 2 9 4M6 13c1-1 3-2 4-2M12 19v.1',
  pause: 'M8 5v14M16 5v14',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4 4-6 8-6s8 2 8 6',
  play: 'M7 5l12 7-12 7z',
  plus: 'M12 5v14M5 12h14',
  refund: 'M4 9h11a5 5 0 0 1 0 10H8M4 9l4-4M4 9l4 4',
  robot: 'M5 9h14v10H5zM12 9V5M9 13v2M15 13v2M12 4v.1',
  search: 'M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500L21 21',
  seal: 'M12 3l2.500 2 3.200-.2.8 3.200 2.500 2-1.300 3 .3 3.200-3.200.8-2 2.500-2.800-1.500-2.800 1.500-2-2.500-3.200-.8.3-3.200L3 10l2.500-2 .8-3.200 3.200.2zM8.500 12l2.500 2.500 4.500-5',
  send: 'M4 12l16-8-5 17-4-7z',
  shield: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z',
  sign_out: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  spark: 'M12 4l1.800 6.200L20 12l-6.200 1.800L12 20l-1.800-6.200L4 12l6.200-1.800z',
  stub: 'M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 8v8',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1 1M18 18l1 1M5 19l1-1M18 6l1-1',
  upload: 'M12 16V4M7 9l5-5 5 5M4 18v2h16v-2',
  video: 'M3 6h13v12H3zM16 10l5-3v10l-5-3z',
  wallet: 'M4 7h15v13H4zM4 7l11-4v4M15 13h4',
} as const

export type IconName = keyof typeof PATHS

export interface IconProps {
  name: IconName
  /** The words when the icon stands alone. Without it the icon is decoration. */
  label?: string
  size?: 16 | 20 | 24
}

export function Icon({ name, label, size = 20 }: IconProps) {
  return (
    <svg
      className={styles.icon}
      viewBox="0 0 24 24"
      width={size}
      height={size}
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
