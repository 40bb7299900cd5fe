import { expect, it } from 'vitest';
import { Conversation, World } from './rows.js';

it('follows a connection from its handshake to its end', () => {
  const world = new World();
  const talk = new Conversation();
  expect(talk.handshake(world)).toEqual(['new', 'reply', 'original']);
  expect([world.state, world.left]).toEqual(['ESTABLISHED', 432000]);
  expect(world.play(talk.fromClient('PA', { length: 100 }))).toBe('original');
  expect(world.left).toBe(300);
  expect(world.play(talk.fromServer('A'))).toBe('reply');
  expect(world.left).toBe(432000);
  expect(world.play(talk.fromClient('FA'))).toBe('original');
  expect(world.state).toBe('FIN_WAIT');
  expect(world.play(talk.fromServer('A'))).toBe('reply');
  expect(world.state).toBe('CLOSE_WAIT');
  expect(world.play(talk.fromServer('FA'))).toBe('reply');
  expect(world.state).toBe('LAST_ACK');
  expect(world.play(talk.fromClient('A'))).toBe('original');
  expect([world.state, world.left]).toEqual(['TIME_WAIT', 120]);
  world.wait(119.999).play(new Conversation({ sport: 1 }).fromClient('S'));
  expect(world.live).toBe(2);
  world.wait(0.001).play(new Conversation({ sport: 2 }).fromClient('S'));
  expect(world.live).toBe(2);
});
