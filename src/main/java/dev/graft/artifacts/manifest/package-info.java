/**
 * Directories as content: a {@link dev.graft.artifacts.manifest.Manifest} names files by relative
 * path and blob, and its canonical JSON is itself a blob. It is laid out as a directory and read
 * back from one ({@link dev.graft.artifacts.manifest.ManifestDirectory}), or packed as a tar.gz
 * ({@link dev.graft.artifacts.manifest.ManifestArchive}). A manifest that could name anything
 * outside its directory is refused with {@link dev.graft.artifacts.manifest.InvalidManifest}.
 */
@NullMarked
@NamedInterface("manifest")
package dev.graft.artifacts.manifest;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
