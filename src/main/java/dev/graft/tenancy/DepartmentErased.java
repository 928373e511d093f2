package dev.graft.tenancy;

/** A department has no row any more; told inside the transaction that deletes the last. */
record DepartmentErased(String departmentId) {}
