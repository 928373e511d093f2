package dev.graft.artifacts;

/** A stored blob: its digest and its size in bytes. */
public record BlobRef(Digest sha256, long bytes) {}
