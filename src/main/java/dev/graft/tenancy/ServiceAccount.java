package dev.graft.tenancy;

import java.time.Instant;

/** A program that works for a department; keys are its. */
record ServiceAccount(String id, String departmentId, String name, Role role, Instant createdAt) {}
