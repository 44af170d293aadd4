import js from "@eslint/js";
import globals from "globals";

const SCRIPTS = "src/django_polyimages/static/polyimages/*.js";
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
      strict: ["error", "global"],
    },
  },
  {
    files: [SCRIPTS],
    // No modules: a browser refuses one from another origin, as a CDN, unless that sends CORS headers.
    languageOptions: { sourceType: "script", ecmaVersion: 2022, globals: globals.browser },
  },
];
