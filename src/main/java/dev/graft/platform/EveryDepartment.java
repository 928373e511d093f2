package dev.graft.platform;

import jakarta.persistence.EntityManager;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.support.DataAccessUtils;
import org.springframework.orm.jpa.EntityManagerHolder;
import org.springframework.orm.jpa.hibernate.HibernateExceptionTranslator;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * A scope in which a department's request reads or changes rows that are not the department's own:
 * its place among other jobs, a model that another department shares, the state of its jobs. Row
 * security does not apply inside, so each statement names the rows that it needs.
 */
public final class EveryDepartment {
  private static final ScopedValue<Boolean> BEYOND = ScopedValue.newInstance();

  private EveryDepartment() {}

  /**
   * Runs the statements of {@code work} as the server's own login, in the same transaction. Changes
   * of entities are flushed before this returns: Hibernate would write them at commit, when the
   * department's role is in force again.
   */
  public static <T, X extends Throwable> T call(ScopedValue.CallableOp<? extends T, X> work)
      throws X {
    return ScopedValue.where(BEYOND, true)
        .call(
            () -> {
              T result = work.call();
              flush();
              return result;
            });
  }

  private static void flush() {
    if (!TransactionSynchronizationManager.isActualTransactionActive()) return;
    for (Object resource : TransactionSynchronizationManager.getResourceMap().values()) {
      if (resource instanceof EntityManagerHolder holder) flush(holder.getEntityManager());
    }
  }

  private static void flush(EntityManager entities) {
    try {
      entities.flush();
    } catch (RuntimeException failed) {
      throw DataAccessUtils.translateIfNecessary(failed, new HibernateExceptionTranslator());
    }
  }

  static boolean isMeant() {
    return BEYOND.isBound();
  }

  /** The department whose rows this thread's statements see; null = the rows of all. */
  static @Nullable String department() {
    if (isMeant()) return null;
    Authentication authentication = SecurityContextHolder.getContext().getAuthentication();
    return authentication != null && authentication.getPrincipal() instanceof OwnRows principal
        ? principal.ownRowsOf()
        : null;
  }
}
