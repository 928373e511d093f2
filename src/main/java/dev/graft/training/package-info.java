/**
 * The trainer as a plain library and program; the only user of DJL beside text. No Spring beans.
 *
 * <p>How it works, from the outside in: {@code finetune} is a run, from files to files, and the
 * process around it; it speaks {@code protocol} with its supervisor and drives a {@link
 * dev.graft.model.TrainableModel}, which takes a {@code batch} and gives {@code metrics}. {@code
 * model} is one: a family's layers, written as text by {@code program}, over the operations in
 * {@code kernels}, with what a {@code tuner} adds. {@code export} writes what other software loads,
 * {@code generation} answers with it, {@code fit} tells beforehand whether it can train, {@code
 * parity} holds all of it against Hugging Face PEFT, {@code bench} times it.
 *
 * <p>How it fails: what the request, the data or the base model is to blame for is an exception
 * with words for the user; each part's own page says which. A native crash or exhausted memory ends
 * the process, so the server never loads tensors: a run and a chat have a child process each.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"spec", "spec :: *", "weights", "weights :: *", "text", "text :: *"})
package dev.graft.training;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
