import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Image = components["schemas"]["PolyimagesImage"];
export type Options = { is_cover?: boolean; custom_alt_text?: string };
export type Target = { app_label: string; model: string; object_id: string | number };

/** The API of one organization. `headers`: `Authorization`, or the cookie with `X-CSRFToken`. */
export function images(baseUrl: string, orgSlug: string, headers: Record<string, string>) {
  const api = createClient<paths>({ baseUrl, headers });
  const org = { org_slug: orgSlug };

  /** The answer's body, or an error with the API's own words. */
  function body<T>(answer: { data?: T; error?: { detail: string } }): T {
    if (answer.error) throw new Error(answer.error.detail);
    return answer.data as T;
  }

  return {
    async upload(file: File, texts: { title?: string; alt_text?: string } = {}): Promise<Image> {
      const form = new FormData();
      form.set("file", file);
      for (const [name, text] of Object.entries(texts)) form.set(name, text);
      return body(
        await api.POST("/api/v1/images/orgs/{org_slug}/images/", {
          params: { path: org },
          body: { file: "", ...texts }, // typed by the document, sent as the form
          bodySerializer: () => form,
        }),
      );
    },

    async attach(image: Image, target: Target, options: Options = {}): Promise<boolean> {
      const answer = await api.POST("/api/v1/images/orgs/{org_slug}/attach/", {
        params: { path: org },
        body: { image_id: image.id, ...target, ...options },
      });
      return body(answer).created;
    },

    /** Every image, newest first, page by page; deep pages cost what the first one costs. */
    async *all(): AsyncGenerator<Image> {
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: components["schemas"]["PolyimagesImageList"] = body(
          await api.GET("/api/v1/images/orgs/{org_slug}/images/", {
            params: { path: org, query: cursor ? { cursor } : {} },
          }),
        );
        yield* page.items;
        cursor = page.next;
      }
    },
  };
}
