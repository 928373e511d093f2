/**
 * What a trainer process and its supervisor say to each other, one JSON object a line.
 *
 * <p>First line in: {@link dev.graft.training.protocol.RunRequest}. Later lines in: {@link
 * dev.graft.training.protocol.TrainerDirective}. Lines out: {@link
 * dev.graft.training.protocol.TrainingEvent}. The exit status is a {@link
 * dev.graft.training.protocol.TrainerExit}; a trainer that dies otherwise counts as transient. End
 * of standard input means that the supervisor is gone: the trainer exits at once.
 */
@NullMarked
@NamedInterface("protocol")
package dev.graft.training.protocol;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
