import js from '@eslint/js'
import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

// A word on the screen lives in a catalogue: letters inside JSX are a mistake.
const NO_TEXT = {
  selector: 'JSXText[value=/\\p{L}{2,}/u]',
  message: 'No text in code: add a key to src/i18n/fr/*.json and en/*.json.',
}
const ONLY = (name, where) => ({ name, message: `Import ${name} from ${where} alone.` })

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/gen'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  hooks.configs.flat['recommended-latest'],
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', 'scripts/*.mjs'] } },
    },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-restricted-syntax': ['error', NO_TEXT],
      '@typescript-eslint/no-confusing-void-expression': 'off', // `return answer()` ends a void branch
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { attributes: false } },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/core/codec.ts', 'src/timeline/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [ONLY('@msgpack/msgpack', 'core/codec'), ONLY('virtua', 'timeline/')] },
      ],
    },
  },
  {
    files: ['test/**', 'src/**/*.test.*'],
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { process: 'readonly' } },
  },
)
