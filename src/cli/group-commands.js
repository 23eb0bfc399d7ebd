import { forgetCommand } from './forget-command.js';
export const groupCommands = (parent, run) => forgetCommand(parent, run, 'group');
