/**
 * The demo: Graft's own small base model, a seeded data set about invented products, and the walk
 * from upload to answers over the public API.
 *
 * <p>{@link dev.graft.demo.DemoRun} is the walk: it trains an adapter on {@link
 * dev.graft.demo.data.SampleData} and puts the same questions to the base and to the adapter. A
 * base that answers right would have guessed, an adapter that does has learned. The base model is
 * in the jar ({@link dev.graft.demo.BundledModel}); how it was made is in {@link
 * dev.graft.demo.basemodel}.
 *
 * <p>Nothing here knows the server: {@link dev.graft.client.GraftApi} speaks HTTP like any portal.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"weights :: *", "client"})
package dev.graft.demo;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
