/** A list of acts behind one press. Its code arrives with the first screen that has a menu. */
import { Menu as Base } from '@base-ui/react/menu'
import { classes } from './classes'
import { Icon, type IconName } from './Icon'
import buttons from './Button.module.css'
import styles from './Menu.module.css'

export interface MenuItem {
  label: string
  icon?: IconName
  danger?: boolean
  disabled?: boolean
  onSelect: () => void
}

export interface MenuProps {
  /** What the menu is for: its name, and its tip when only the icon shows. */
  label: string
  icon?: IconName
  /** Show the words beside the icon. */
  worded?: boolean
  items: readonly MenuItem[]
}

export function Menu({ label, icon = 'more', worded = false, items }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger
        className={classes(buttons.button, buttons.quiet, !worded && buttons.square)}
        aria-label={worded ? undefined : label}
        title={worded ? undefined : label}
      >
        <Icon name={icon} />
        {worded && label}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className={styles.place}>
          <Base.Popup className={styles.menu}>
            {items.map((item) => (
              <Base.Item
                key={item.label}
                className={classes(styles.item, item.danger && styles.danger)}
                disabled={item.disabled}
                onClick={item.onSelect}
              >
                {item.icon && <Icon name={item.icon} />}
                {item.label}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
