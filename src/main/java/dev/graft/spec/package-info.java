/**
 * What to train, as pure records: method, objective, schedule, data options. No framework types.
 *
 * <p>{@link dev.graft.spec.AdapterSpecs} turns the JSON of a request ({@code adapter}, OpenAI's
 * {@code method} and {@code hyperparameters}, {@code seed}) into a {@link
 * dev.graft.spec.TrainingSpec}, and back into the {@code adapter} object that a job echoes. {@code
 * Fields} remembers every key that was asked for, so that a key nobody knows is refused; what is
 * planned but not built passes only with the value that changes nothing. A request fails once, with
 * all its problems ({@link dev.graft.spec.SpecRejected}).
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.spec;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
