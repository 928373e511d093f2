/**
 * The files of a run as rows that train: read, tokenised, cut and counted, with what their labels
 * mean ({@link dev.graft.training.finetune.rows.RunData}). Data that cannot train is a {@link
 * dev.graft.training.finetune.run.BadRun} with the request's name for the file.
 */
@NullMarked
package dev.graft.training.finetune.rows;

import org.jspecify.annotations.NullMarked;
