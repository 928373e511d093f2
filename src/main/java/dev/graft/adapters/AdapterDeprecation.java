package dev.graft.adapters;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An adapter that should not be used any more, and still can be.
 *
 * @param notice why, and what to use instead, in its department's words
 * @param retiresAt when its department means to delete it; nothing happens by itself
 */
public record AdapterDeprecation(Instant since, String notice, @Nullable Instant retiresAt) {}
