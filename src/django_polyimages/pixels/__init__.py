"""Everything that imports Pillow.

Pillow would load its common plugins with the first picture, and all other forty with the first
WebP, in the middle of an upload. Those that are needed are loaded here, in a tenth of the time.
"""

from PIL import AvifImagePlugin, Image, TiffImagePlugin, WebPImagePlugin

__all__ = ["AvifImagePlugin", "TiffImagePlugin", "WebPImagePlugin"]

Image.preinit()
