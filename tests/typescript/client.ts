import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Image = components["schemas"]["PolyimagesImage"];
export type Options = { is_cover?: boolean; custom_alt_text?: string };
export type Target = { app_label: string; model: string; object_id: string | number };

/** The API of one organization. `headers` has `Authorization`, or the cookie and `X-CSRFToken`. */
export function images(baseUrl: string, orgSlug: string, headers: Record<string, string>) {
  const api = createClient<paths>({ baseUrl, headers });
  const org = { org_slug: orgSlug };

  /** Returns the body of a response, or throws an error with the message of the API. */
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
          body: { file: "", ...texts }, // for the type checker; the form is what is sent
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

    /** Yields all images, newest first, one page at a time; every page takes the same time. */
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
