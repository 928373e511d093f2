package dev.graft.tenancy;

/**
 * All of a department is about to be deleted: nobody works for it any more. Told again until that
 * is so, each time inside a transaction.
 */
public record DepartmentErasing(String departmentId) {}
