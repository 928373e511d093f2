package dev.graft.tenancy;

/**
 * Who is calling, as the bearer key says. Controllers take it as {@code @AuthenticationPrincipal
 * Caller}.
 */
public record Caller(String departmentId, String departmentName, String keyId, Scope scope) {
  public enum Scope {
    USER,
    ADMIN
  }
}
