import js from "@eslint/js";
import globals from "globals";

const SCRIPTS = "src/django_polyimages/static/polyimages/*.js";
const NO_IMPORTS =
  "Django's ManifestStaticFilesStorage does not rewrite imports: browsers would keep a stale copy of what is imported.";

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "consistent-return": "error",
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "func-style": ["error", "declaration"],
      "max-lines-per-function": ["error", 50],
      "no-shadow": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": "error",
      strict: ["error", "never"],
    },
  },
  {
    files: [SCRIPTS],
    languageOptions: { sourceType: "module", ecmaVersion: 2022, globals: globals.browser },
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "ImportDeclaration, ImportExpression", message: NO_IMPORTS },
      ],
    },
  },
];
