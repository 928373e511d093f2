package dev.graft.tenancy;

/** A department's time is over; told inside the transaction that ends it. */
public record DepartmentArchived(String departmentId) {}
