// Run by tests/test_typescript.py against a live server: node build/run.js URL SESSION PHOTO OBJECT_ID
import { readFileSync } from "node:fs";
import { images } from "./client.js";

const [url, session, photo, objectId] = process.argv.slice(2) as [string, string, string, string];
const token = "a".repeat(32);
const api = images(url, "acme", {
  Cookie: `sessionid=${session}; csrftoken=${token}`,
  "X-CSRFToken": token,
});
const target = { app_label: "contacts", model: "contact", object_id: objectId };
const image = await api.upload(new File([readFileSync(photo)], "door.jpg"), { alt_text: "A door" });
const created = [await api.attach(image, target, { is_cover: true }), await api.attach(image, target)];
const listed: (string | undefined)[] = [];
for await (const one of api.all()) listed.push(one.versions.sm?.url);
let refused = "";
await api.upload(new File(["text"], "text.jpg")).catch((error: Error) => (refused = error.message));
console.log(JSON.stringify({ id: image.id, alt: image.alt_text, created, listed, refused }));
