/**
 * Prompt tuning, P-tuning and prefix tuning: virtual tokens, how they start, and how rows before
 * the real ones, or keys and values before those of every layer, come into the statements of a
 * model.
 */
@NullMarked
package dev.graft.training.tuner.prompt;

import org.jspecify.annotations.NullMarked;
