/**
 * The lessons as scripts of the site: lessons/*.md rendered, and each lesson's files in base64.
 *
 * Out: index.js with the titles in order; NAME.js a lesson. Scripts, because a page that is opened from a folder may load nothing else.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';

/** @param root of the repository, with dist/ built @param out the site's folder */
export async function packLessons(root, out) {
  const { readLesson, LESSON_FILES, pathsNamed } = await import(join(root, 'dist/lessons/read.js'));
  mkdirSync(join(out, 'lessons'));
  const shelf = [];
  const names = readdirSync(join(root, 'lessons'), { withFileTypes: true }).filter(it => it.isDirectory());
  for (const name of names.map(it => it.name).sort()) {
    const folder = join(root, 'lessons', name);
    const bytes = path => new Uint8Array(readFileSync(join(folder, path)));
    const paths = [...LESSON_FILES, ...pathsNamed(bytes('check.yaml'))];
    const { lesson, problems } = readLesson(name, new Map(paths.map(path => [path, bytes(path)])));
    if (lesson === null) throw new Error(`lesson ${name}: ${problems[0]?.message}`);
    // Long lines scroll, by keyboard too.
    const html = text => marked.parse(text, { async: false }).replaceAll('<pre>', '<pre tabindex="0">');
    const about = { name, title: lesson.title, about: html(lesson.about) };
    shelf.push(about);
    const text = {
      ...about,
      story: html(lesson.story),
      task: html(lesson.task),
      hints: lesson.hints.map(html),
      solved: html(lesson.solved),
      files: Object.fromEntries(paths.map(path => [path, readFileSync(join(folder, path)).toString('base64')])),
    };
    writeFileSync(join(out, 'lessons', `${name}.js`), `policapLesson=${JSON.stringify(text)};\n`);
  }
  writeFileSync(join(out, 'lessons', 'index.js'), `policapLessons=${JSON.stringify(shelf)};\n`);
}
