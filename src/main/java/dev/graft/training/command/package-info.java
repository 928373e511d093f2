/**
 * The {@code graft} commands that train or convert on files of this machine, without a server:
 * {@code train}, {@code merge}, {@code plain-lora}, {@code gguf}, {@code logits}, {@code program},
 * {@code parity} and {@code bench}; and three that are children of other processes, {@code
 * trainer}, {@code exporter} and {@code libtorch-check}. Each is a thin entry point of what the
 * packages beside it offer.
 *
 * <p>Results alone go to standard output; the children keep it for their JSON lines and send what
 * libraries print to standard error. What the request or a file is to blame for is said in one line
 * on standard error, with exit status 2.
 */
@NullMarked
@NamedInterface("command")
package dev.graft.training.command;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
