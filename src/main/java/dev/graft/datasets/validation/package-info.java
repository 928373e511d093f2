/**
 * Whether a file can be trained on, line by line.
 *
 * <p>Up to {@code graft.files.validate-inline} a file is validated before the upload is answered
 * ({@link dev.graft.datasets.validation.FileValidation}): a bad one is refused with 400 and the
 * lines in {@code errors[]}, and nothing is stored, unless it can be converted. A larger one is
 * answered with status {@code uploaded} and validated after, to status {@code processed} or {@code
 * error}, the latter with the first problem in {@code status_details} and up to a hundred in {@code
 * errors}.
 *
 * <p>{@link dev.graft.datasets.validation.TrainingRows} makes the rows of a packed file, of CSV or
 * of rows with unknown keys a blob of their own; of a conversion they are the file's content;
 * {@link dev.graft.datasets.validation.RemediedRows} those of another file with what is done about
 * them. A large file is leased work, written with its row: any server does it, and what one had not
 * finished another does.
 */
@NullMarked
package dev.graft.datasets.validation;

import org.jspecify.annotations.NullMarked;
