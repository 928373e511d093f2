package dev.graft.platform;

import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContextHolder;

/**
 * What a department's request has to know or move beyond the department's own rows: its place among
 * others, what another lets it use, the state of its jobs. The statements inside name what they
 * want themselves.
 */
public final class EveryDepartment {
  private static final ScopedValue<Boolean> BEYOND = ScopedValue.newInstance();

  private EveryDepartment() {}

  /** The statements of {@code work} run as the server's own login, in the same transaction. */
  public static <T, X extends Throwable> T call(ScopedValue.CallableOp<? extends T, X> work)
      throws X {
    return ScopedValue.where(BEYOND, true).call(work);
  }

  static boolean isMeant() {
    return BEYOND.isBound();
  }

  /** Whose rows this thread's statements are for; null = everybody's. */
  static @Nullable String department() {
    if (isMeant()) return null;
    Authentication authentication = SecurityContextHolder.getContext().getAuthentication();
    return authentication != null && authentication.getPrincipal() instanceof OwnRows principal
        ? principal.ownRowsOf()
        : null;
  }
}
