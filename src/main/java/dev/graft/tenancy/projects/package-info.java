/**
 * OpenAI's projects, which are departments, and their users.
 *
 * <p>{@link dev.graft.tenancy.projects.ProjectController} makes and archives departments; {@link
 * dev.graft.tenancy.projects.Members} are people, known by their e-mail address, with a {@link
 * dev.graft.tenancy.Role} in each department.
 *
 * <p>How it fails: what a caller does not reach is answered with 404, like what does not exist.
 */
@NullMarked
package dev.graft.tenancy.projects;

import org.jspecify.annotations.NullMarked;
