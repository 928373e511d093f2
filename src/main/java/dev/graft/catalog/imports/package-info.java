/**
 * Base models that the API adds: fetched from the hub, or unpacked, by whichever server is free.
 *
 * <p>{@link dev.graft.catalog.imports.ImportWork} is leased work around {@link
 * dev.graft.catalog.HubModels} and {@link dev.graft.catalog.UploadedModels}; {@link
 * dev.graft.catalog.imports.ModelImports} owns the table. What the hub or the model is at fault for
 * ends an import; what may pass is tried again.
 */
@NullMarked
package dev.graft.catalog.imports;

import org.jspecify.annotations.NullMarked;
