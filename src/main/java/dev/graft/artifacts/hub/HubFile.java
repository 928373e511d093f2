package dev.graft.artifacts.hub;

/**
 * A file of a commit.
 *
 * @param path in the repository
 * @param size in bytes
 */
record HubFile(String path, long size, HubApi.HubDigest digest) {
  /** Returns its local file name. It is unique, because accepted paths contain no +. */
  String name() {
    return path.replace('/', '+');
  }
}
