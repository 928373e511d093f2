/**
 * {@code /v1/adapters}: published adapters as they are told, changed and downloaded, file by file
 * or as one archive, and links that serve a download for a while without a key. The archive is made
 * once and kept, since its checksum must never change ({@link
 * dev.graft.adapters.api.AdapterFiles}); {@link dev.graft.adapters.api.CompatibilityReport} says
 * what other programs make of a result.
 */
@NullMarked
package dev.graft.adapters.api;

import org.jspecify.annotations.NullMarked;
