/**
 * What a run goes on from. {@link dev.graft.training.finetune.checkpoint.Checkpoints} keeps the
 * last two: weights, moments and a manifest with their digests; {@link
 * dev.graft.training.finetune.checkpoint.RunIdentity} says what makes two runs the same run. {@link
 * dev.graft.training.finetune.checkpoint.StartFrom} is what an earlier run has made, read as
 * hostile input.
 *
 * <p>A directory gets its name when everything in it is on disk. What cannot be gone on from is a
 * {@link dev.graft.training.finetune.run.BadRun}.
 */
@NullMarked
package dev.graft.training.finetune.checkpoint;

import org.jspecify.annotations.NullMarked;
