/**
 * Names of a department, such as {@code support-prod}, that stand for one of its fine-tuned models.
 * Programs ask the alias; people move it to a better version, by an evaluation that it has passed
 * if they like, and back ({@link dev.graft.aliases.Aliases}).
 *
 * <p>How it works: an alias is a row, and so is each move. {@link
 * dev.graft.adapters.models.ModelResolver} reads the row once for a request: what is asked after a
 * move has committed is answered by the new version, on every server, and no answer by two. A move
 * locks the alias, then the adapter, so that of two moves one comes second and sees the first, and
 * no adapter is deleted while an alias is moved to it. Row, move, entry of the audit log and
 * deliveries of webhooks (a trigger) commit together.
 *
 * <p>How it fails: a move that is refused changes nothing. A model that an alias stands for is not
 * deleted, neither by people nor by retention, which also leaves what a rollback would go back to.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "tenancy",
      "adapters",
      "adapters :: models",
      "evaluation"
    })
package dev.graft.aliases;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
