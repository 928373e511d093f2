package dev.graft.artifacts;

import java.util.Set;

/** Which relative paths may stand in a manifest: none that could name anything outside. */
final class ManifestPaths {
  private static final int MAX_FILES = 10_000;
  private static final int MAX_LENGTH = 512;

  private ManifestPaths() {}

  static void check(Set<String> paths) {
    if (paths.size() > MAX_FILES) {
      throw new InvalidManifest("more than " + MAX_FILES + " files");
    }
    for (String path : paths) {
      check(path);
      for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        if (paths.contains(path.substring(0, slash))) {
          throw new InvalidManifest("'" + path + "' lies in a path that is itself a file");
        }
      }
    }
  }

  private static void check(String path) {
    boolean printable = path.chars().allMatch(c -> c >= ' ' && c != 0x7f && c != '\\');
    if (!printable || path.length() > MAX_LENGTH) {
      throw new InvalidManifest("a path has control characters, a backslash, or is too long");
    }
    for (String segment : path.split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw new InvalidManifest("path '" + path + "' is not a plain relative path");
      }
    }
  }
}
