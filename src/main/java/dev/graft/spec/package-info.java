/**
 * What to train, as records: method, objective, schedule, data options. No Spring and no tensors.
 *
 * <p>{@link dev.graft.spec.TrainingSpec} holds everything that affects the numbers of a run. It is
 * read from the JSON of a request ({@code adapter}, OpenAI's {@code method} and {@code
 * hyperparameters}, {@code seed}) and written back as the {@code adapter} object that a job echoes.
 * Each {@link dev.graft.spec.AdapterMethod} reads and writes its own settings, as PEFT does where
 * PEFT has the method.
 *
 * <p>{@code Fields} remembers every key that was read, so that unknown keys are refused; settings
 * that are not supported yet pass only with values that have no effect. A request fails once, with
 * all its problems ({@link dev.graft.spec.SpecRejected}).
 */
@NullMarked
@ApplicationModule(allowedDependencies = {})
package dev.graft.spec;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
