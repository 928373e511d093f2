/**
 * Methods in JSON, in and out: {@code adapter.peft}, PEFT's own {@code adapter_config.json}, and
 * {@code adapter.method} for what PEFT lacks (bottleneck adapters, freezing, full training).
 *
 * <p>{@link dev.graft.spec.peft.AdapterMethods} tells the methods apart; each has its fields in a
 * class of its own. OpenAI's {@code hyperparameters} are another name for some of these fields, and
 * where both speak they must agree. How it fails: with {@link dev.graft.spec.fields.SpecRejected}.
 */
@NullMarked
@NamedInterface("peft")
package dev.graft.spec.peft;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
