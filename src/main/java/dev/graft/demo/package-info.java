/**
 * The demo: Graft's own small base model, a seeded data set about invented products, and the walk
 * from upload to answers over the public API.
 *
 * <p>The base model is pre-trained on {@link dev.graft.demo.PretrainingText}: sheets and questions
 * about random products with random values, so it knows how people ask and how an answer looks, but
 * no fact. {@link dev.graft.demo.SampleData} draws eight products for a seed and teaches their
 * facts with half of the phrasings; the other half is kept for the score. A base that answers right
 * would have guessed, an adapter that does has learned.
 *
 * <p>Nothing here knows the server: {@link dev.graft.client.GraftApi} speaks HTTP like any portal.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"client", "weights"})
package dev.graft.demo;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
