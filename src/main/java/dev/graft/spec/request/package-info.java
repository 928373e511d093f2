/**
 * The {@code adapter} object of a request: {@link dev.graft.spec.request.TrainingSpecs} resolves it
 * into a {@link dev.graft.spec.TrainingSpec} and writes it back, {@link
 * dev.graft.spec.request.AdapterSchema} describes it as JSON Schema.
 *
 * <p>{@link dev.graft.spec.request.Combinations} refuses what cannot be combined, and {@link
 * dev.graft.spec.request.ContinuedMethod} what disagrees with the adapter that training continues
 * from. How it fails: with {@link dev.graft.spec.fields.SpecRejected}, all problems at once.
 */
@NullMarked
@NamedInterface("request")
package dev.graft.spec.request;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
