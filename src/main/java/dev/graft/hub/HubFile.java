package dev.graft.hub;

/**
 * A file of a commit.
 *
 * @param name without a directory
 * @param size in bytes
 */
record HubFile(String name, long size, HubDigest digest) {}
