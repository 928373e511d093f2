package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;

/**
 * A file of purpose {@code user_data}, as it was uploaded.
 *
 * @param filename for people; never a path
 */
public record UserFile(String id, String filename, BlobRef content) {}
