/**
 * A store's content into another store: {@link dev.graft.artifacts.copy.StoreCopy}, which can be
 * stopped and begun again. Nothing is removed from either.
 */
@NullMarked
@NamedInterface("copy")
package dev.graft.artifacts.copy;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
