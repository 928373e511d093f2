/**
 * {@code /v1/evaluations}: departments ask for evaluations, read and cancel them, page through
 * their samples and delete them; retention deletes what is kept no longer. A request is checked
 * whole before a row is written ({@link dev.graft.evaluation.api.Evaluations}); another
 * department's evaluation is answered like one that does not exist. Its row is an entity here, and
 * what whoever works at it counts there is only read.
 */
@NullMarked
package dev.graft.evaluation.api;

import org.jspecify.annotations.NullMarked;
