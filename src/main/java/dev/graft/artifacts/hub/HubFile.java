package dev.graft.artifacts.hub;

/**
 * A file of a commit.
 *
 * @param path in the repository
 * @param size in bytes
 */
record HubFile(String path, long size, HubApi.HubDigest digest) {
  /** Where it lies here: no path that is taken holds a +. */
  String name() {
    return path.replace('/', '+');
  }
}
