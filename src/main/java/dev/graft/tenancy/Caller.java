package dev.graft.tenancy;

/**
 * Who is calling, as the bearer key says. Controllers take it as {@code @AuthenticationPrincipal
 * Caller}.
 */
public record Caller(String departmentId, String departmentName, String keyId, Scope scope) {
  /** What a key is for. Nothing asks for ADMIN yet: both open the department's own things. */
  public enum Scope {
    USER,
    ADMIN
  }
}
