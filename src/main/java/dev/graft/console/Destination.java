package dev.graft.console;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Where to go after signing in: a page of the console and nothing else, whatever a link says. */
final class Destination {
  /** Which leads to the first page that is for whoever asks. */
  static final String HOME = "/console";

  private Destination() {}

  /**
   * @param wanted a path, or an address of which the path counts
   */
  static String of(@Nullable String wanted) {
    if (wanted == null) return HOME;
    try {
      URI uri = new URI(wanted).normalize();
      String path = uri.getRawPath();
      if (path == null || !path.startsWith("/console/")) return HOME;
      return uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
    } catch (java.net.URISyntaxException e) {
      return HOME;
    }
  }
}
