package dev.graft.adapters;

import dev.graft.platform.RequestFailed;
import java.util.Locale;

/** How much of a model another department may have. */
enum ModelAccess {
  /** Ask it, continue from it, see its card. */
  USE,
  /** That, and fetch its files. */
  DOWNLOAD;

  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static ModelAccess parse(String wire) {
    return switch (wire) {
      case "use" -> USE;
      case "download" -> DOWNLOAD;
      default -> throw RequestFailed.invalid("access", "access must be use or download.");
    };
  }
}
