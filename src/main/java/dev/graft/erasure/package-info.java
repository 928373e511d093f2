/**
 * Erasure of an archived department, with a signed certificate of what was deleted.
 *
 * <p>How it works: {@link dev.graft.erasure.ErasureWork} is leased work in four steps, each
 * remembered in {@code department_erasure}. Jobs are cancelled and their workers fenced; rows go in
 * batches, table by table as PostgreSQL's catalog has them ({@link
 * dev.graft.erasure.DepartmentTables}), and the department last; its content goes by the sweep of
 * {@code retention.blobs}, which knows what others share; the {@link dev.graft.erasure.Certificate}
 * counts all of it. Meanwhile servers and workers ask which of their copies are to go ({@link
 * dev.graft.erasure.ErasuresUnderWay}).
 *
 * <p>How it fails: a batch and its count are one transaction under the claim, so whoever is killed
 * or late has counted nothing twice, and another server goes on. What is written meanwhile is found
 * by the last transaction, which locks the department's row; after it, foreign keys refuse more. An
 * erasure that meets an error is tried again, for ever.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "tenancy",
      "artifacts",
      "artifacts :: cache",
      "artifacts :: manifest",
      "retention :: blobs",
      "work"
    })
package dev.graft.erasure;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
