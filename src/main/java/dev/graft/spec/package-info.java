/**
 * What to train, as records: method, objective, schedule, data options. No Spring and no tensors.
 *
 * <p>{@link dev.graft.spec.TrainingSpec} decides the numbers of a run. {@code spec.method} has the
 * methods, {@code spec.peft} reads and writes them as PEFT does, and {@link
 * dev.graft.spec.TrainingSpec} turns the JSON of a request ({@code adapter}, OpenAI's {@code
 * method} and {@code hyperparameters}, {@code seed}) into a spec, and back into the {@code adapter}
 * object that a job echoes.
 *
 * <p>Every key that was asked for is remembered ({@code spec.fields}), so that a key nobody knows
 * is refused; what is planned but not built passes only with the value that changes nothing. A
 * request fails once, with all its problems ({@link dev.graft.spec.SpecRejected}).
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.spec;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
