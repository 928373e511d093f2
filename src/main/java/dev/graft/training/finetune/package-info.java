/**
 * One run, from files to files: {@link dev.graft.training.finetune.FineTune} is the recipe (setup,
 * loop, evaluation, checkpoint, export), the rest are its parts. What is asked for is in {@code
 * run}, the data in {@code rows}, what a killed run goes on from in {@code checkpoint}. {@link
 * dev.graft.training.finetune.TrainerProgram} is the process around it.
 *
 * <p>All that decides the numbers of step k is a pure function of the spec, the seed and k ({@code
 * BatchPlan}, schedule, dropout keys) and the state in a checkpoint. So a run that was killed and
 * resumed from any checkpoint gives the bytes of an uninterrupted one, on the same instruction set,
 * thread count and libtorch; elsewhere it resumes with a warning.
 *
 * <p>How it fails: {@link dev.graft.training.finetune.run.BadRun} for what the request, the data or
 * the base model is to blame for, with words for the user; every other exception is the machine's.
 * A checkpoint or result appears whole or not at all. Directives are heard between micro-batches
 * and inside every loop over rows.
 */
@NullMarked
package dev.graft.training.finetune;

import org.jspecify.annotations.NullMarked;
