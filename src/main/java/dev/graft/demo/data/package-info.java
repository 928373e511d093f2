/**
 * Invented products, and what is said and asked about them, drawn from a seed.
 *
 * <p>{@link dev.graft.demo.data.PretrainingText} is what the base model has read: sheets and
 * questions about random products with random values, so it knows how people ask and how an answer
 * looks, but no fact. {@link dev.graft.demo.data.SampleData} draws eight products for a seed and
 * teaches their facts with half of the phrasings; the other half is kept for the score. That no
 * question shares four words in a row with a training row is checked for every data set.
 */
@NullMarked
@NamedInterface("data")
package dev.graft.demo.data;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
